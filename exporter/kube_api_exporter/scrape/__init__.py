"""What a scraper asks for, and the answer."""
