package cover

// Memory is what all decoding shares, MaxMemory bytes.
var Memory = memory

// MaxMemory is how much there is of it.
const MaxMemory = maxMemory
