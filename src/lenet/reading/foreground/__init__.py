"""Paper: what on a picture is ink, and what is light, shadow, or a rule."""
