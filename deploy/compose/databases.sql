-- The owner of all databases, by whom they are migrated, and a role for each service, which
-- reaches its own two alone.
CREATE ROLE koppi LOGIN;

CREATE ROLE koppi_concern LOGIN;
CREATE DATABASE concern OWNER koppi;
CREATE DATABASE concern_keys OWNER koppi;
REVOKE CONNECT ON DATABASE concern, concern_keys FROM PUBLIC;
GRANT CONNECT ON DATABASE concern, concern_keys TO koppi_concern;

CREATE ROLE koppi_referral LOGIN;
CREATE DATABASE referral OWNER koppi;
CREATE DATABASE referral_keys OWNER koppi;
REVOKE CONNECT ON DATABASE referral, referral_keys FROM PUBLIC;
GRANT CONNECT ON DATABASE referral, referral_keys TO koppi_referral;

CREATE ROLE koppi_consultation LOGIN;
CREATE DATABASE consultation OWNER koppi;
CREATE DATABASE consultation_keys OWNER koppi;
REVOKE CONNECT ON DATABASE consultation, consultation_keys FROM PUBLIC;
GRANT CONNECT ON DATABASE consultation, consultation_keys TO koppi_consultation;

CREATE ROLE koppi_plan LOGIN;
CREATE DATABASE plan OWNER koppi;
CREATE DATABASE plan_keys OWNER koppi;
REVOKE CONNECT ON DATABASE plan, plan_keys FROM PUBLIC;
GRANT CONNECT ON DATABASE plan, plan_keys TO koppi_plan;
