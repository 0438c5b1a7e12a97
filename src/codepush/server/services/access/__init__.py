"""Access: accounts, access keys, logins, organizations, permissions, and the apps that a name means to a caller."""
