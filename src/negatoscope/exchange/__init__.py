"""What other systems say to us and hear from us: HL7 v2 in and out, each message kept. May import every area but sharing and training."""
