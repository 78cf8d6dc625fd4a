"""The SQL of this area, one module a subject. May import the model, the tables and platform."""
