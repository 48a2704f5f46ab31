# lib/model - configuration, families, weights
