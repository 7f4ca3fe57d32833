package cart

import "net/http"

// Handle answers for the cart.
func Handle(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("empty\n")) }
