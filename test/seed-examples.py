# The first document's examples, as they stand there, one after the other.

# Example 1: Generate GitHub Token
import requests

response = requests.post('http://localhost:5000/tokens/generate', json={
    "type": "github_pat",
    "length": 40,
    "prefix": "ghp_"
})

token = response.json()['token']
print(f"New GitHub token: {token}")

# Example 2: Setup Auto-Rotation (Every 24 Hours)
# Setup auto-rotation for GitHub token
requests.post('http://localhost:5000/tokens/setup-rotation', json={
    "token_name": "GITHUB_TOKEN",
    "interval_hours": 24,
    "auto_rotate": True,
    "notify": True
})

# Now it will automatically rotate every 24 hours!

# Example 3: Create Security Workflow
# Create workflow to rotate all security tokens daily
requests.post('http://localhost:5000/tokens/workflow/create', json={
    "workflow_name": "security_daily",
    "tokens": [
        "GITHUB_TOKEN",
        "API_KEY_OPENAI",
        "API_KEY_ANTHROPIC",
        "SECRET_DATABASE"
    ],
    "schedule": "0 2 * * *"  # 2 AM daily
})

# Run it manually
requests.post('http://localhost:5000/tokens/workflow/run', json={
    "workflow_name": "security_daily"
})

# Example 4: Health Check & Suggestions
# Check token health
health = requests.get('http://localhost:5000/tokens/health').json()
print(f"Tokens needing rotation: {health['needs_rotation']}")

# Get AI suggestions
suggestions = requests.get('http://localhost:5000/tokens/suggest').json()
for s in suggestions['suggestions']:
    print(s)

# ⚠️  HIGH PRIORITY: OLD_TOKEN
# 📋 Should rotate: TOKEN1, TOKEN2
# 🆕 Never rotated: NEW_TOKEN

# Example 5: Manual Rotation
# Rotate specific token
result = requests.post('http://localhost:5000/tokens/rotate', json={
    "token_name": "API_KEY"
})

new_token = result.json()['new_token']
print(f"Rotated! New token: {new_token}")

# 1. Generate Your First Token
import requests

token = requests.post('http://localhost:5000/tokens/generate', json={
    "type": "api_key",
    "length": 32
}).json()['token']

print(f"Generated: {token}")

# 2. Setup Auto-Rotation
requests.post('http://localhost:5000/tokens/setup-rotation', json={
    "token_name": "API_KEY",
    "interval_hours": 24
})

print("Auto-rotation enabled!")

# 3. Check Health
health = requests.get('http://localhost:5000/tokens/health').json()
print(health)
