"""What runs inside Locust processes; nothing else imports it."""
