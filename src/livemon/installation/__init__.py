"""What an installation has of its own: secrets, a certificate authority, and certificates."""
