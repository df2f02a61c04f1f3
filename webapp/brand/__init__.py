"""How letters look: name, colour, logo, support contact and footer."""
