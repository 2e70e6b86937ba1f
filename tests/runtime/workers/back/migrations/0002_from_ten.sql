UPDATE count SET n = n + 10;
