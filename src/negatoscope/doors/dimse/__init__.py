"""The DICOM door: associations and the DIMSE services on them. May import the areas, formats and platform.

The upper layer is our own and takes no length on trust: `pdu*` and `command_set` turn bytes into types and back without
any I/O, `states` holds the association as a table, `connection` joins them to a socket, `association` carries messages,
and one module a service answers them.
"""
