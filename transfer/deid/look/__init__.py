"""The last look: the patient's original identifiers, searched for in what would leave."""
