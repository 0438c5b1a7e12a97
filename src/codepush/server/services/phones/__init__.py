"""Services for devices: update checks, status reports and downloads. They use neither access nor releasing."""
