"""HL7 v2 in ER7 form: a strict parser, a writer, and the messages we know. May import platform.errors alone."""
