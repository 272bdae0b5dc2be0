"""What is asked of a container engine beside the life of containers: its images, and tasks that are shut in."""
