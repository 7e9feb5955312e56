"""What is said and when: YAML files read into domain values, with every problem in them named at once."""
