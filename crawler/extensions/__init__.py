"""Extensions: the account of a run, its pace, and how a person watches it."""
