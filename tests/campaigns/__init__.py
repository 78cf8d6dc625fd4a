"""Long campaigns: kills, hostile bytes, an object of a gigabyte. Each has a make target; a short form runs with the tests."""
