"""Objects that belong elsewhere than they say: split, merged and moved studies, given out as corrected. May import what the archive may."""
