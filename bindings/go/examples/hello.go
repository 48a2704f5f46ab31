// SPDX-License-Identifier: Apache-2.0
package main

import (
	"context"
	"fmt"
	"krait"
	"log"
)

func main() {
	model, err := krait.Open("demo")
	if err != nil {
		log.Fatal(err)
	}
	session, _ := model.NewSession()
	session.SetFloat(krait.SampleTemperature, 0.7)
	session.SetFloat(krait.SampleTopP, 0.9)
	session.SetInt(krait.SampleSeed, 5)
	session.FeedText(context.Background(), "Once upon a time")
	if _, story, err := session.Generate(context.Background(), 60); err == nil {
		fmt.Println(story)
	}
}
