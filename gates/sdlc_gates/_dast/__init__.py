"""What the gates that attack a running application share."""
