"""What is asked for and when it is done: orders, schedule, modality worklist, performed steps. May import archive and below."""
