"""A department to try the product with: invented people, synthetic radiographs. May import everything."""
