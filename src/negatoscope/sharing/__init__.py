"""What leaves for people: share links and the patient's space. May import every area below it, formats and platform."""
