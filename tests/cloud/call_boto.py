"""Calls boto3 until standard input ends: each of its lines is a JSON list of a service, a method and what the method
takes, and is answered by a line of JSON, the answer or {"error": TEXT}."""

import json
import sys

import boto3

clients = {}
for line in sys.stdin:
    service, method, arguments = json.loads(line)
    if service not in clients:
        clients[service] = boto3.client(service)
    try:
        answer = getattr(clients[service], method)(**arguments)
        answer.pop("ResponseMetadata", None)
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer, default=str), flush=True)
