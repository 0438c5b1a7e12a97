"""What devices ask for: update checks, status reports and downloads. It uses neither access nor releasing."""
