package docs

import (
	"encoding/json"
	"fmt"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/version"
	whole "koppi.internal/proto/contract"
)

// object is a JSON object.
type object = map[string]any

// OpenAPI is the document of all unary calls: JSON over POST, as Connect and protobuf define it.
const openAPIPath = Path + "/openapi.json"

func (s *site) openAPI() error {
	text, err := json.MarshalIndent(s.contract.openAPI(), "", " ")
	s.files[openAPIPath] = newFile("openapi.json", text)
	return err
}

func (c *contract) openAPI() object {
	paths, tags := object{}, []object{}
	webhooks := object{}
	for _, service := range c.services {
		tags = append(tags, object{"name": string(service.Name()), "description": join(Services[service.FullName()], c.commentOf(service))})
		for method := range methodsOf(service) {
			switch {
			case method.IsStreamingClient() || method.IsStreamingServer():
			case service.FullName() == callbackService:
				webhooks[string(method.Name())] = object{"post": c.operation(method)}
			default:
				paths[fmt.Sprintf("/%s/%s", service.FullName(), method.Name())] = object{"post": c.operation(method)}
			}
		}
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Koppi", "version": version.Number, "license": object{"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
			"description": "Case messages between social services, the benefit agency, health care and other agencies. Each call is a POST of JSON. " +
				"Within version 1 fields, values, events, reasons and calls are only added: ignore what you do not know.",
		},
		"servers": []object{{"url": "/", "description": "The gateway that serves this document"}},
		"tags":    tags, "paths": paths, "webhooks": webhooks,
		"security": []object{{"token": []string{}}, {"certificate": []string{}}},
		"components": object{
			"schemas": c.schemas(),
			"securitySchemes": object{
				"token":       object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A token of your agency's issuer."},
				"certificate": object{"type": "mutualTLS", "description": "The certificate of your system, as the operator has registered it."},
			},
			"parameters": object{"OnBehalfOf": object{
				"name": "Koppi-On-Behalf-Of", "in": "header", "required": false, "schema": object{"type": "string"}, "example": "ps-21;tyoikaiset;social_worker",
				"description": "The worker for whom a system acts: worker;unit;role. See /docs/on-behalf-of.",
			}},
			"responses": object{"Refusal": refusalResponse()},
		},
	}
}

// callbackService is what a partner's system serves.
const callbackService = "koppi.exchange.v1.CallbackService"

func (c *contract) operation(method protoreflect.MethodDescriptor) object {
	service := method.Parent()
	operation := object{
		"tags": []string{string(service.Name())}, "operationId": fmt.Sprintf("%s_%s", service.Name(), method.Name()),
		"summary": string(method.Name()), "description": c.commentOf(method),
		"requestBody": object{"required": true, "content": object{"application/json": object{"schema": ref(method.Input())}}},
		"responses": object{
			"200":     object{"description": "The call was accepted.", "content": object{"application/json": object{"schema": ref(method.Output())}}},
			"default": object{"$ref": "#/components/responses/Refusal"},
		},
	}
	switch service.FullName() {
	case "koppi.dev.v1.DevService", callbackService:
		operation["security"] = []object{}
	default:
		operation["parameters"] = []object{{"$ref": "#/components/parameters/OnBehalfOf"}}
	}
	if whole.IsDeprecated(method) {
		operation["deprecated"] = true
	}
	return operation
}

// refusalResponse describes a refusal as Connect writes it in JSON.
func refusalResponse() object {
	reasons := []string{}
	for _, view := range reasonViews() {
		reasons = append(reasons, view.Reason)
	}
	var all []string
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		all = append(all, connect.Code(code).String())
	}
	return object{
		"description": "A refusal. Decide by `code` and by `reason` of the detail google.rpc.ErrorInfo.",
		"headers":     object{"Retry-After": object{"description": "Seconds after which to try again, at a rate limit.", "schema": object{"type": "integer"}}},
		"content": object{"application/json": object{"schema": object{
			"type": "object", "required": []string{"code"},
			"properties": object{
				"code":    object{"type": "string", "enum": all},
				"message": object{"type": "string", "description": "What was wrong and what to do, for people."},
				"details": object{"type": "array", "items": object{
					"type": "object", "required": []string{"type", "value"},
					"properties": object{
						"type":  object{"type": "string", "description": "Name of the message, such as google.rpc.ErrorInfo, google.rpc.BadRequest or google.rpc.RetryInfo."},
						"value": object{"type": "string", "contentEncoding": "base64", "description": "The message in protobuf's binary form."},
						"debug": object{
							"type": "object", "description": "The same message as JSON.",
							"properties": object{
								"reason": object{"type": "string", "description": "Of google.rpc.ErrorInfo. Reasons may be added.", "examples": reasons},
								"domain": object{"type": "string", "const": fault.Domain},
							},
						},
					},
				}},
			},
		}}},
	}
}

func ref(d protoreflect.Descriptor) object {
	return object{"$ref": "#/components/schemas/" + string(d.FullName())}
}

// join joins texts that may be empty into paragraphs.
func join(texts ...string) string {
	all := ""
	for _, text := range texts {
		if all != "" && text != "" {
			all += "\n\n"
		}
		all += text
	}
	return all
}
