"""People, roles, policy, sessions, devices, break-glass: who may do what. May import audit and platform."""
