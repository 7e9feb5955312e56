"""What Rekan is compared with: small bots as the libraries' own documentation would have them."""
