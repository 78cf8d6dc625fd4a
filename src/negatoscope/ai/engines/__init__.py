"""What runs a model: one port, and the two engines behind it. May import ai.model, ai.card, ai.catalogue and platform."""
