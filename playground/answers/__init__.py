"""What an answer says, read from its text: numbers in any notation, dates, letters, yes or no, JSON; for checks and techniques alike."""
