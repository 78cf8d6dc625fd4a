"""Who the patients are: identities, identifiers, names, trust. May import access, audit, formats and platform."""
