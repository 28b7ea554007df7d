"""The pytest plugin: a light module, so that having alertdrill installed costs a test run nothing."""
