"""What a model is: facts about the user's classes. No queries, no stores."""
