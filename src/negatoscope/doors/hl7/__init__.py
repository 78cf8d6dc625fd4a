"""The HL7 v2 listener (MLLP): takes frames off the wire, asks the exchange, answers. May import areas, formats, platform."""
