"""Results and images as one HTML file without scripts, network access or other files."""
