"""Where the outside comes in: parse, ask one service, answer. May import the areas, formats and platform; never app."""
