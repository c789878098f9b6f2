"""How a policy learns: frames from episodes, batches, losses, and the loop."""
