"""The Faust side: workers that decode a message, make one core call and send what comes of it."""
