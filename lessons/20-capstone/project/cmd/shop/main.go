package main

import (
	"net/http"

	"example.com/shop/internal/cart"
	"github.com/gorilla/mux"
)

func main() {
	r := mux.NewRouter()
	r.HandleFunc("/cart", cart.Handle)
	r.PathPrefix("/").Handler(http.FileServer(http.Dir("/static")))
	http.ListenAndServe(":8080", r)
}
