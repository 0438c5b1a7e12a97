"""Packages: directories, archives and single files, read safely and identified by their content."""
