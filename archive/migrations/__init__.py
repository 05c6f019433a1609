"""Schema of the two databases, one function a step; a step that has been released is never edited again."""
