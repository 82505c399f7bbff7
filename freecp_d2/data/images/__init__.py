"""Read image files and arrays as uint8 RGB."""
