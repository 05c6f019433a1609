"""The schema of both databases, one function a step; a released step is never edited. `views` holds the views of reports.db."""
