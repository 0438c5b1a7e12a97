"""Who may do what: accounts, access keys, logins, organizations, and the apps that a name means to a caller."""
