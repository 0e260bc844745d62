"""Values as text: character sets, names of elements, and what CTP reads and writes."""
