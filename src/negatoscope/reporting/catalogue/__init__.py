"""Report templates that come with the product, one module a language. May import nothing of ours but the template type."""
