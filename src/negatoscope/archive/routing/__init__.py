"""Objects that leave by themselves: the rules, the transfers they make, and the servers they go to. May import what the archive may."""
