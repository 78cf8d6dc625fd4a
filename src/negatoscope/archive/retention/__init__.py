"""How long studies are kept, what holds them longer, and how they go: two people and a certificate. May import what the archive may."""
