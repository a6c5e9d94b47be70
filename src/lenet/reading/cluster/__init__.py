"""Reading by many machines: inputs in numbered blocks, a Parquet file for each, written by workers of Ray Data."""
