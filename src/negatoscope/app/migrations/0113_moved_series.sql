-- A series that was moved away whole, or erased, leaves no empty row behind: it would be found and hold nothing.
grant delete on series to negatoscope_application;
